// All files of docs/statecharts, from the structures of the machines.
import { layoutOf } from './layout.mjs';
import { mermaidOf } from './mermaid.mjs';
import { chartPart, indexPart, withGenerated } from './page.mjs';
import { picturesOf } from './parts.mjs';
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
    const pictures = picturesOf(structure);
    for (const picture of pictures) {
      files.set(`${picture.name}.svg`, await drawn(structure, picture));
    }
    files.set(`${id}.md`, withGenerated(pageOf(`${id}.md`), id, chartPart(structure, pictures)));
  }
  const index = withGenerated(pageOf('README.md'), 'Statecharts', indexPart(structures));
  return files.set('README.md', index);
}

async function drawn({ id, states }, { key, structure }) {
  const layout = await layoutOf(structure, 'DOWN');
  return svgOf(layout, {
    title: key === null ? `The ${id} statechart` : `Within the state ${key} of ${id}`,
    description: `${states.length - 1} states; all of them and their transitions are listed in ${id}.md.`
  });
}
