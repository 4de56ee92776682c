/** OperatorService: search attributes, the end of namespaces, clusters, of which there is one. */
import type { Engine } from '../engine/engine.js';
import { invalid, ServiceError, StatusCode } from '../errors.js';
import type { Method } from '../grpc/edge.js';
import { indexedValueType, searchAttributeType } from '../namespaces.js';
import { int64, type temporal } from '../proto.js';
import { type SearchAttributeType, systemAttributes } from '../visibility/attributes.js';
import { deleteNamespace, type NamespaceContents } from './namespace-deletion.js';
import { CLUSTER } from './system.js';

type Op = typeof temporal.api.operatorservice.v1;
type Request<N extends keyof Op> = Op[N] extends { prototype: infer P } ? P : never;

/** @param address - of the server, once it has one */
export function operatorMethods(
  contents: NamespaceContents,
  address: () => string,
): { [method: string]: Method } {
  const { engine } = contents;
  return {
    AddSearchAttributes: (request: Request<'AddSearchAttributesRequest'>) => add(engine, request),
    RemoveSearchAttributes: (request: Request<'RemoveSearchAttributesRequest'>) =>
      remove(engine, request),
    ListSearchAttributes: (request: Request<'ListSearchAttributesRequest'>) => ({
      ...attributeTypes(engine, request.namespace || 'default'),
      storageSchema: {},
    }),
    DeleteNamespace: async (request: Request<'DeleteNamespaceRequest'>) => ({
      deletedNamespace: await deleteNamespace(contents, request),
    }),
    ListClusters: () => ({ clusters: [thisCluster(address())] }),
  };
}

function thisCluster(address: string): temporal.api.operatorservice.v1.IClusterMetadata {
  const { clusterName, clusterId, historyShardCount, initialFailoverVersion } = CLUSTER;
  return {
    clusterName,
    clusterId,
    address,
    historyShardCount,
    initialFailoverVersion: int64(initialFailoverVersion),
    isConnectionEnabled: true,
  };
}

async function add(
  engine: Engine,
  request: Request<'AddSearchAttributesRequest'>,
): Promise<object> {
  await engine.namespaces.change(request.namespace || 'default', (namespace) => {
    const searchAttributes = new Map(namespace.searchAttributes);
    const wanted = Object.entries(request.searchAttributes);
    if (wanted.length === 0) throw invalid('SearchAttributes are not set on request.');
    for (const [name, number] of wanted)
      searchAttributes.set(name, wantedType(searchAttributes, name, number));
    return { ...namespace, searchAttributes };
  });
  return {};
}

function wantedType(
  present: ReadonlyMap<string, SearchAttributeType>,
  name: string,
  number: number,
): SearchAttributeType {
  const type = searchAttributeType(number);
  if (!type) throw invalid(`Unknown search attribute type: ${number}.`);
  if (systemAttributes.has(name)) throw invalid(`Search attribute ${name} is reserved by system.`);
  const known = present.get(name);
  if (known && known !== type) {
    throw new ServiceError(
      StatusCode.ALREADY_EXISTS,
      `Search attribute ${name} already exists with type ${known}.`,
    );
  }
  return type;
}

async function remove(
  engine: Engine,
  request: Request<'RemoveSearchAttributesRequest'>,
): Promise<object> {
  await engine.namespaces.change(request.namespace || 'default', (namespace) => {
    const searchAttributes = new Map(namespace.searchAttributes);
    if (request.searchAttributes.length === 0)
      throw invalid('SearchAttributes are not set on request.');
    for (const name of request.searchAttributes) {
      if (systemAttributes.has(name))
        throw invalid(`Unable to remove non-custom search attributes: ${name}.`);
    }
    for (const name of request.searchAttributes) searchAttributes.delete(name);
    return { ...namespace, searchAttributes };
  });
  return {};
}

/** The attributes of a namespace by name, as the protocol numbers their types. */
export function attributeTypes(engine: Engine, namespace: string) {
  const { searchAttributes } = engine.namespaces.get(namespace);
  const numbers = (types: ReadonlyMap<string, SearchAttributeType>) =>
    Object.fromEntries([...types].map(([name, type]) => [name, indexedValueType(type)]));
  return {
    customAttributes: numbers(searchAttributes),
    systemAttributes: numbers(systemAttributes),
  };
}
