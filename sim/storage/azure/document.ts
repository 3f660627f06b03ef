/** A piece of finished XML; texts are escaped when they enter one. */
export type Xml = { readonly xml: string };

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** By names: Azure's JavaScript client reads no numeric character references. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

export function leaf(name: string, value: string | number | boolean): Xml {
  return { xml: `<${name}>${escapeXml(String(value))}</${name}>` };
}

/** An element of these children; undefined ones are left out. */
export function branch(name: string, ...children: readonly (Xml | undefined)[]): Xml {
  return { xml: `<${name}>${children.map((child) => child?.xml ?? '').join('')}</${name}>` };
}

/** A document as Azure writes it: no line end behind the declaration. */
export function azureDocument(xml: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>${xml}`;
}

/** A listing, whose root says where it is of; undefined children are left out. */
export function listingDocument(
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Xml | undefined)[]
): string {
  const texts = Object.entries(attributes).map(([name, text]) => ` ${name}="${escapeXml(text)}"`);
  const inner = children.map((child) => child?.xml ?? '').join('');
  return azureDocument(`<EnumerationResults${texts.join('')}>${inner}</EnumerationResults>`);
}

/** A blob name or prefix; one that XML would not bring back is percent-encoded and marked so. */
export function nameElement(name: string): Xml {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: blob names may hold them
  const isPlain = !/[\u0000-\u001f\u007f\ufffe\uffff]|^\s|\s$/.test(name);
  if (isPlain) return leaf('Name', name);
  return { xml: `<Name Encoded="true">${encodeURIComponent(name)}</Name>` };
}
