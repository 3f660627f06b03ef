const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A piece of finished XML; texts are escaped when they enter one. */
export type Xml = { readonly xml: string };

export function leaf(name: string, value: string | number | boolean): Xml {
  return { xml: `<${name}>${escapeXml(String(value))}</${name}>` };
}

/** An element of these children; undefined ones are left out. */
export function branch(name: string, ...children: readonly (Xml | undefined)[]): Xml {
  return { xml: `<${name}>${children.map((child) => child?.xml ?? '').join('')}</${name}>` };
}

/** A document without namespace: S3 errors have none. */
export function plainDocument(root: Xml): string {
  return DECLARATION + root.xml;
}

/** Control characters become references: a bare carriage return would arrive as a line feed. */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold control characters
    /[&<>"'\u0000-\u001f\u007f\ufffe\uffff]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}
