import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { plainDocument, type Xml } from '../wire/xml.ts';
import { S3Error } from './errors.ts';

const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A whole S3 document. */
export function s3Document(name: string, ...children: readonly (Xml | undefined)[]): string {
  const inner = children.map((child) => child?.xml ?? '').join('');
  return plainDocument({ xml: `<${name} xmlns="${S3_NAMESPACE}">${inner}</${name}>` });
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  removeNSPrefix: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** An element as parsed: a text, or children by name (a list where a name came twice). */
export type XmlNode = string | { readonly [name: string]: XmlNode | readonly XmlNode[] };

/** Parses a request document and returns its root, which must have this name. */
export function parseXml(text: string, rootName: string): XmlNode {
  // Document types bring entity tricks, and no S3 client sends one.
  if (/<!(DOCTYPE|ENTITY)/i.test(text) || XMLValidator.validate(text) !== true) {
    throw new S3Error('MalformedXML');
  }
  let parsed: Record<string, XmlNode>;
  try {
    parsed = parser.parse(text) as Record<string, XmlNode>;
  } catch {
    throw new S3Error('MalformedXML');
  }
  const names = Object.keys(parsed).filter((name) => name !== '#text');
  if (names.length !== 1 || names[0] !== rootName) throw new S3Error('MalformedXML');
  return parsed[rootName]!;
}

/** The children of this name, none to many. */
export function childList(node: XmlNode, name: string): readonly XmlNode[] {
  if (typeof node === 'string') {
    if (node.trim() === '') return [];
    throw new S3Error('MalformedXML');
  }
  const found = Object.hasOwn(node, name) ? node[name] : undefined;
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found as XmlNode];
}

/** The text of the only child of this name; undefined when there is none. */
export function childText(node: XmlNode, name: string): string | undefined {
  const list = childList(node, name);
  if (list.length === 0) return undefined;
  const [only] = list;
  if (list.length > 1 || typeof only !== 'string') throw new S3Error('MalformedXML');
  return decodeEntities(only);
}

/** Refuses children that the caller does not know: they could change the meaning. */
export function onlyChildren(node: XmlNode, known: readonly string[]): void {
  if (typeof node === 'string') return;
  for (const name of Object.keys(node)) {
    const isText = name === '#text' && typeof node[name] === 'string';
    if (isText && (node[name] as string).trim() === '') continue;
    if (!known.includes(name)) throw new S3Error('MalformedXML');
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
    if (end !== ';' || !isScalar) throw new S3Error('MalformedXML');
    return String.fromCodePoint(code);
  });
}
