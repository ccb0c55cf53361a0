import { MooringError } from './failure.ts';
import { parseMetric } from './network-create-options.ts';
import type { RoutePlan, SubnetPlan } from './network-plan.ts';
import { addressText, contains, parseAddress, parseSubnet, subnetText } from './subnet.ts';

/**
 * A route for the containers of a network, `DST,GW[,METRIC]`.
 *
 * @throws MooringError `network.badRoute`
 */
export function parseRoute(text: string): RoutePlan {
  const words = typeof text === 'string' ? text.split(',') : [];
  if (words.length < 2 || words.length > 3)
    throw bad(text, 'it must be DESTINATION,GATEWAY[,METRIC]');
  const [dst = '', gw = '', metric] = words.map((word) => word.trim());
  const to = attempt(text, () => parseSubnet(dst));
  const via = attempt(text, () => parseAddress(gw));
  if (
    addressText(attempt(text, () => parseAddress(dst.split('/')[0]!))) !==
    subnetText(to).split('/')[0]
  ) {
    throw bad(text, `the destination is an address of ${subnetText(to)}, not that subnet`);
  }
  if (to.family !== via.family) throw bad(text, 'destination and gateway are of two families');
  return {
    dst: subnetText(to),
    gw: addressText(via),
    ...(metric === undefined ? {} : { metric: attempt(text, () => parseMetric(metric)) })
  };
}

/**
 * Refuses routes whose gateway no container could reach, and two to the same destination.
 *
 * @throws MooringError `network.badRoute`
 */
export function checkRoutes(routes: readonly RoutePlan[], subnets: readonly SubnetPlan[]): void {
  routes.forEach((route, index) => {
    const text = [
      route.dst,
      route.gw,
      ...(route.metric === undefined ? [] : [route.metric])
    ].join();
    const gateway = parseAddress(route.gw);
    if (!subnets.some(({ subnet }) => contains(parseSubnet(subnet), gateway))) {
      throw bad(text, `gateway ${route.gw} not in a subnet of the network`);
    }
    const twin = routes
      .slice(0, index)
      .some(({ dst, metric }) => dst === route.dst && metric === route.metric);
    if (twin) throw bad(text, `there is another to ${route.dst}`);
  });
}

function attempt<Value>(text: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw bad(text, error instanceof Error ? error.message : String(error));
  }
}

function bad(text: unknown, why: string): MooringError {
  return new MooringError('network.badRoute', `invalid route ${JSON.stringify(text)}: ${why}`);
}
