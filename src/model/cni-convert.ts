import { familyOf } from './cni-ip.ts';
import type { CniInterface, CniIp, CniResult, CniRoute } from './cni-result.ts';
import { isAtLeast, knownCniVersion } from './cni-version.ts';
import { MooringError } from './failure.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * A result as a plugin of `version` wants to read it.
 *
 * To 0.3 and 0.4 `mtu`, `socketPath` and `pciID` of interfaces are lost; to 0.1
 * and 0.2 everything but the first address of each family, its routes and the DNS.
 *
 * @param version `''` is 0.1.0
 * @throws MooringError `cni.versionUnsupported`, `cni.badVersion`
 * @throws MooringError `cni.badResult` when a version below 0.3.0 is to hold no address
 */
export function convertCniResult(result: CniResult, version: string): JsonObject {
  const known = knownCniVersion(version);
  if (isAtLeast(known, '1.0.0')) return withRoutes({ ...result, cniVersion: known });
  if (isAtLeast(known, '0.3.0')) return toZeroThree(result, known);
  return toFamilies(result, known);
}

function toZeroThree(result: CniResult, cniVersion: string): JsonObject {
  const { interfaces, ips } = result;
  return withRoutes({
    ...result,
    cniVersion,
    ...(interfaces && { interfaces: interfaces.map(toOldInterface) }),
    ...(ips && { ips: ips.map((ip) => ({ version: String(familyOf(ip.address)), ...ip })) })
  });
}

function toOldInterface({ name, mac, sandbox }: CniInterface): JsonObject {
  return { name, ...(mac !== undefined && { mac }), ...(sandbox !== undefined && { sandbox }) };
}

// Plugins loop over the routes without looking whether there are any.
function withRoutes(result: object): JsonObject {
  return { routes: [], ...(result as JsonObject) };
}

function toFamilies({ ips = [], routes = [], dns }: CniResult, cniVersion: string): JsonObject {
  const ip4 = ips.find((ip) => familyOf(ip.address) === 4);
  const ip6 = ips.find((ip) => familyOf(ip.address) === 6);
  if (ip4 === undefined && ip6 === undefined) {
    throw new MooringError(
      'cni.badResult',
      `a result without an address cannot be told in CNI ${cniVersion}`
    );
  }
  return {
    cniVersion,
    ...(ip4 && { ip4: toFamily(ip4, routes) }),
    ...(ip6 && { ip6: toFamily(ip6, routes) }),
    dns: (dns ?? {}) as Json
  };
}

function toFamily({ address, gateway }: CniIp, routes: readonly CniRoute[]): JsonObject {
  return {
    ip: address,
    ...(gateway !== undefined && { gateway }),
    routes: routes
      .filter(({ dst }) => familyOf(dst) === familyOf(address))
      .map(({ dst, gw }) => ({ dst, ...(gw !== undefined && { gw }) }))
  };
}
