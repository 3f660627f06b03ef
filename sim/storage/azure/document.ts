import { leaf, type Xml } from '../wire/xml.ts';

/** A document as Azure writes it: no line end behind the declaration. */
export function azureDocument(xml: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>${xml}`;
}

/** A blob name or prefix; one that XML cannot hold is percent-encoded and marked so. */
export function nameElement(name: string): Xml {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: blob names may hold them
  if (!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(name)) return leaf('Name', name);
  return { xml: `<Name Encoded="true">${encodeURIComponent(name)}</Name>` };
}
