// All files of docs/statecharts, from the structures of the machines.
import { layoutOf } from './layout.mjs';
import { mermaidOf } from './mermaid.mjs';
import { chartPart, indexPart, withGenerated } from './page.mjs';
import { svgOf } from './svg.mjs';

/**
 * What each file shall contain, by name.
 *
 * @param structures what `structureOf` says of each machine
 * @param pageOf the text of a page as it stands, by file name, or `undefined`
 */
export async function chartFiles(structures, pageOf) {
  const files = new Map();
  for (const structure of structures) {
    const { id } = structure;
    files.set(`${id}.json`, `${JSON.stringify(structure, null, 2)}\n`);
    files.set(`${id}.mmd`, mermaidOf(structure));
    files.set(`${id}.svg`, await pictureOf(structure));
    files.set(`${id}.md`, withGenerated(pageOf(`${id}.md`), id, chartPart(structure)));
  }
  const index = withGenerated(pageOf('README.md'), 'Statecharts', indexPart(structures));
  return files.set('README.md', index);
}

async function pictureOf(structure) {
  const layout = await layoutOf(structure, 'DOWN');
  return svgOf(layout, {
    title: `The ${structure.id} statechart`,
    description: `${structure.states.length - 1} states; all of them and their transitions are listed in ${structure.id}.md.`
  });
}
