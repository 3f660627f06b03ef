import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { AzureError } from './errors.ts';

/** An element as sent, with its children in their order. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  removeNSPrefix: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** Parses a request document whose root must have this name. Throws InvalidXmlDocument. */
export function parseXml(text: string, rootName: string): XmlElement {
  // Clients put a byte order mark in front; document types bring entity tricks.
  const document = text.replace(/^\ufeff/, '');
  if (/<!(DOCTYPE|ENTITY)/i.test(document) || XMLValidator.validate(document) !== true) {
    throw new AzureError('InvalidXmlDocument');
  }
  let nodes: unknown;
  try {
    nodes = parser.parse(document);
  } catch {
    throw new AzureError('InvalidXmlDocument');
  }
  const elements = readElements(nodes);
  const [root] = elements;
  if (elements.length !== 1 || root?.name !== rootName) throw new AzureError('InvalidXmlDocument');
  return root;
}

function readElements(nodes: unknown): XmlElement[] {
  if (!Array.isArray(nodes)) throw new AzureError('InvalidXmlDocument');
  return nodes.flatMap((node: Record<string, unknown>): XmlElement[] => {
    const name = Object.keys(node).find((key) => key !== ':@');
    if (name === undefined || name === '#text') return [];
    const children = node[name];
    return [{ name, text: readText(children), children: readElements(children) }];
  });
}

function readText(nodes: unknown): string {
  if (!Array.isArray(nodes)) return '';
  const texts = nodes.map((node: Record<string, unknown>) =>
    typeof node['#text'] === 'string' ? node['#text'] : '',
  );
  return decodeEntities(texts.join(''));
}

/** The text of the only child of this name; undefined when there is none. */
export function childText(element: XmlElement, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name);
  if (found.length > 1) throw new AzureError('InvalidXmlDocument');
  return found[0]?.text.trim();
}

/** Refuses children that are not known: they could change the meaning. */
export function onlyChildren(element: XmlElement, known: readonly string[]): void {
  const stranger = element.children.find((child) => !known.includes(child.name));
  if (stranger !== undefined) {
    throw new AzureError('UnsupportedXmlNode', { elements: { XmlNodeName: stranger.name } });
  }
}

const NAMED_ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function decodeEntities(text: string): string {
  return text.replace(/&([^;&]*)(;?)/g, (_all, name: string, end: string) => {
    const named = Object.hasOwn(NAMED_ENTITIES, name) ? NAMED_ENTITIES[name] : undefined;
    if (end === ';' && named !== undefined) return named;
    const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
    const code = number ? Number.parseInt(number[1] ?? number[2]!, number[1] ? 16 : 10) : -1;
    const isScalar = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (end !== ';' || !isScalar) throw new AzureError('InvalidXmlDocument');
    return String.fromCodePoint(code);
  });
}
