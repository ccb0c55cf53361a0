// All files of docs/statecharts, from the structures of the machines.
import type { ChartStructure } from '../machines/structure.ts';
import type { LayOut } from './elk.ts';
import { layoutOf } from './layout.ts';
import { mermaidOf } from './mermaid.ts';
import { chartPart, indexPart, withGenerated } from './page.ts';
import { picturesOf, type Picture } from './parts.ts';
import { svgOf } from './svg.ts';

/**
 * What each file shall contain, by name.
 *
 * @param pageOf the text of a page as it stands, by file name, or `undefined`
 */
export async function chartFiles(
  structures: readonly ChartStructure[],
  layOut: LayOut,
  pageOf: (name: string) => string | undefined
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const structure of structures) {
    const { id } = structure;
    files.set(`${id}.json`, `${JSON.stringify(structure, null, 2)}\n`);
    files.set(`${id}.mmd`, mermaidOf(structure));
    const pictures = picturesOf(structure);
    for (const picture of pictures) {
      files.set(`${picture.name}.svg`, await drawn(structure, picture, layOut));
    }
    files.set(`${id}.md`, withGenerated(pageOf(`${id}.md`), id, chartPart(structure, pictures)));
  }
  const index = withGenerated(pageOf('README.md'), 'Statecharts', indexPart(structures));
  return files.set('README.md', index);
}

async function drawn(
  { id, states }: ChartStructure,
  { key, structure }: Picture,
  layOut: LayOut
): Promise<string> {
  const layout = await layoutOf(structure, layOut, { direction: 'DOWN' });
  const caption = {
    title: key === null ? `The ${id} statechart` : `Within the state ${key} of ${id}`,
    description: `${states.length - 1} states; all of them and their transitions are listed in ${id}.md.`
  };
  // A state with states within leads to the picture of these.
  return svgOf(layout, caption, {
    hrefOf: ({ isClosed, state }) => (isClosed ? `${id}-${state.path[0]}.svg` : undefined)
  });
}
