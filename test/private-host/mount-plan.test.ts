import { describe, expect, it } from 'vitest';
import { mountPlan, type MountFacts, type MountStep } from '../../src/private-host/mount-plan.ts';

const workDir = '/run/user/1000/mooring/host';

const usual: MountFacts = {
  workDir,
  kept: ['/run/user/1000'],
  hasSystemd: true,
  resolvTarget: '/run/systemd/resolve/stub-resolv.conf',
  cni: { directory: '/var/lib/cni', entries: [] }
};

/** The mounts alone, `what on where`, with the work directory as W. */
function mountsOf(facts: MountFacts): readonly string[] {
  return mountPlan(facts)
    .map(textOf)
    .filter((text) => text !== '')
    .map((text) => text.replaceAll(new RegExp(`(^| )${workDir}`, 'g'), '$1W'));
}

function textOf(one: MountStep): string {
  switch (one.step) {
    case 'tmpfs':
      return `tmpfs on ${one.target}`;
    case 'bind':
      return `${one.source} on ${one.target}`;
    case 'detach':
      return `off ${one.target}`;
    default:
      return '';
  }
}

describe('mountPlan', () => {
  it('puts everything together below the work directory, and mounts /run last', () => {
    expect(mountsOf(usual)).toEqual([
      'tmpfs on W',
      '/etc on W/run/mooring/outer/etc',
      '/run on W/run/mooring/outer/run',
      `off W/run/mooring/outer${workDir}`,
      '/run/user/1000 on W/run/user/1000',
      `off W${workDir}`,
      '/run/systemd on W/run/systemd',
      'tmpfs on W/run/systemd/resolve',
      'W/run/mooring/resolv.conf on W/run/systemd/resolve/stub-resolv.conf',
      'W/cni on /var/lib/cni',
      'W/run on /run'
    ]);
  });

  it('mounts resolv.conf where it is when that is not below /run', () => {
    expect(mountsOf({ ...usual, resolvTarget: '/etc/resolv.conf' })).toContain(
      'W/run/mooring/resolv.conf on /etc/resolv.conf'
    );
  });

  it('needs no tmpfs for a resolv.conf of another service below /run', () => {
    const mounts = mountsOf({ ...usual, resolvTarget: '/run/NetworkManager/resolv.conf' });

    expect(mounts).toContain('W/run/mooring/resolv.conf on W/run/NetworkManager/resolv.conf');
    expect(mounts).not.toContain('tmpfs on W/run/systemd/resolve');
  });

  it('does without resolv.conf and systemd where there are none', () => {
    const mounts = mountsOf({ ...usual, hasSystemd: false, resolvTarget: undefined });

    expect(mounts.join('\n')).not.toMatch(/systemd|resolv\.conf/);
  });

  it('keeps nothing in sight that /run does not hide, and then has nothing of its own in the copy', () => {
    const mounts = mountsOf({
      ...usual,
      workDir: '/tmp/mooring-run-1000/mooring/host',
      kept: ['/tmp/mooring-run-1000', '/home/tess/.local/share/mooring']
    });

    expect(mounts.filter((line) => line.startsWith('off'))).toEqual([]);
    expect(mounts.join('\n')).not.toContain('/home/tess');
  });

  it('makes the directory above CNI’s anew where that is missing, with all that it holds', () => {
    const facts: MountFacts = {
      ...usual,
      cni: {
        directory: '/var/lib',
        entries: [
          { name: 'jenkins', kind: 'directory' },
          { name: 'seed', kind: 'file' },
          { name: 'link', kind: { linkTo: 'jenkins' } }
        ]
      }
    };

    expect(mountsOf(facts).slice(-4)).toEqual([
      '/var/lib/jenkins on W/cni/jenkins',
      '/var/lib/seed on W/cni/seed',
      'W/cni on /var/lib',
      'W/run on /run'
    ]);
    expect(mountPlan(facts)).toContainEqual({
      step: 'directory',
      path: `${workDir}/cni/cni`,
      mode: 0o755
    });
    expect(mountPlan(facts)).toContainEqual({
      step: 'link',
      path: `${workDir}/cni/link`,
      to: 'jenkins'
    });
  });
});
