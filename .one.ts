import { createMemoryWorld } from './sim/world/memory-world.ts';
import { runScenario } from './sim/world/run-scenario.ts';
import { loadScenario } from './sim/scenario/index.ts';
import { writeFileSync } from 'node:fs';
const text = (await import('node:fs')).readFileSync('./test/sim/world/memory-bench.ts','utf8').split('const text = `')[1].split('`;')[0].replaceAll('${quota}','64MiB').replace('${repository}','').replaceAll('${size}','1MiB').replace(/\$\{steps[\s\S]*$/, process.argv[2].split(';').map(s=>'  - '+s).join('\n'));
writeFileSync('/tmp/one.yaml', text);
const r = loadScenario('/tmp/one.yaml','/tmp'); if(!r.ok){console.log(r.problems);process.exit(1)}
let n=0; let world; const nth=Number(process.argv[3]); const act=process.argv[4];
world = await createMemoryWorld({scenario:r.scenario, sinks:[(e)=>{ if(e.type==='storage.used' && ++n===nth) queueMicrotask(()=>{ console.log('ACT'); eval(act)}); console.log(e.seq,new Date(e.at).toISOString().slice(11),e.node,e.type,e.session,JSON.stringify(e.data).slice(0,140)); }]});
const s = await runScenario(r.scenario, world); console.log(s.violations);
