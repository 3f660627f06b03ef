/** Light and dark by the reader's own setting; colours that colour-blind readers tell apart. */
export const HTML_STYLE = `
:root { --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --card: #f6f8fa; --line: #d8dee4; --s0: #0a6bb8; --s1: #c4590a; --limit: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #0d1117; --card: #161b22; --line: #30363d; --s0: #58a6ff; --s1: #f0883e; --limit: #ff7b72; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.2rem; margin: 0 0 4px; }
h3 { font-size: .95rem; margin: 20px 0 4px; color: var(--soft); font-weight: 600; }
header p, section > p { margin: 0 0 8px; color: var(--soft); }
section { margin-top: 40px; }
svg { display: block; width: 100%; height: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 12px; margin-top: 24px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.tile h2 { font-size: .85rem; color: var(--soft); font-weight: 600; }
.big { font-size: 1.6rem; line-height: 1.2; font-weight: 650; margin: 6px 0 0; font-variant-numeric: tabular-nums; }
.big.s0 { color: var(--s0); } .big.s1 { color: var(--s1); }
.note { margin: 0; font-size: .85rem; color: var(--soft); }
.keys { display: flex; gap: 20px; margin-top: 12px; }
.key i { display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 6px; vertical-align: -2px; }
i.s0 { background: var(--s0); } i.s1 { background: var(--s1); }
.grid { stroke: var(--line); stroke-width: 1; }
.tick { fill: var(--soft); font: 12px system-ui, sans-serif; }
.value { fill: var(--ink); font: 12px system-ui, sans-serif; }
.series { stroke-width: 1.2; fill-opacity: .28; }
.series.s0 { stroke: var(--s0); fill: var(--s0); } .series.s1 { stroke: var(--s1); fill: var(--s1); }
.bar.s0 { fill: var(--s0); } .bar.s1 { fill: var(--s1); }
.limit { stroke: var(--limit); stroke-dasharray: 6 4; }
.limit-name { fill: var(--limit); font: 12px system-ui, sans-serif; }
.band { fill: transparent; } .band:hover { fill: var(--ink); fill-opacity: .06; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 6px 0; }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-size: .85rem; } tbody th { font-weight: 400; }
td { text-align: right; } thead th:not(:first-child) { text-align: right; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 24px; }
li { overflow-wrap: anywhere; }
@media print { section { break-inside: avoid; } }
`;
