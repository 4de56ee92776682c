/** gRPC reflection: what services, methods and types there are, so that tools need no files of them. */
import { StatusCode } from '../errors.js';
import { type Codec, codecsOf } from '../proto.js';
import type { Conversation } from './conversation.js';
import { Descriptors } from './descriptors.js';

const VERSIONS = ['v1', 'v1alpha'];

interface Request {
  readonly host: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: object;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

/** The service's own messages, which the protocol's package does not have. */
const MESSAGES = {
  ServerReflectionRequest: {
    oneofs: {
      messageRequest: {
        oneof: [
          'fileByFilename',
          'fileContainingSymbol',
          'fileContainingExtension',
          'allExtensionNumbersOfType',
          'listServices',
        ],
      },
    },
    fields: {
      host: { type: 'string', id: 1 },
      fileByFilename: { type: 'string', id: 3 },
      fileContainingSymbol: { type: 'string', id: 4 },
      fileContainingExtension: { type: 'ExtensionRequest', id: 5 },
      allExtensionNumbersOfType: { type: 'string', id: 6 },
      listServices: { type: 'string', id: 7 },
    },
  },
  ExtensionRequest: {
    fields: {
      containingType: { type: 'string', id: 1 },
      extensionNumber: { type: 'int32', id: 2 },
    },
  },
  ServerReflectionResponse: {
    fields: {
      validHost: { type: 'string', id: 1 },
      originalRequest: { type: 'ServerReflectionRequest', id: 2 },
      fileDescriptorResponse: { type: 'FileDescriptorResponse', id: 4 },
      listServicesResponse: { type: 'ListServiceResponse', id: 6 },
      errorResponse: { type: 'ErrorResponse', id: 7 },
    },
  },
  FileDescriptorResponse: {
    fields: { fileDescriptorProto: { rule: 'repeated', type: 'bytes', id: 1 } },
  },
  ListServiceResponse: {
    fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } },
  },
  ServiceResponse: { fields: { name: { type: 'string', id: 1 } } },
  ErrorResponse: {
    fields: { errorCode: { type: 'int32', id: 1 }, errorMessage: { type: 'string', id: 2 } },
  },
};

/** @param services - full names of those that the server has */
export function reflection(services: readonly string[]): Conversation[] {
  const own = VERSIONS.map((version) => `grpc.reflection.${version}.ServerReflection`);
  // Made with the first question: few programs ever ask.
  let descriptors: Descriptors | undefined;
  let codecs: ((name: string) => Codec<unknown>) | undefined;
  const lazy = (name: string): Codec<unknown> => {
    const made = () => {
      codecs ??= codecsOf(MESSAGES);
      return codecs(name);
    };
    return {
      encode: (message) => made().encode(message),
      decode: (bytes) => made().decode(bytes),
    };
  };
  const known = () => {
    descriptors ??= new Descriptors(services);
    return descriptors;
  };
  return own.map((name) => ({
    path: `/${name}/ServerReflectionInfo`,
    request: lazy('ServerReflectionRequest'),
    response: lazy('ServerReflectionResponse'),
    answer: (request) => answer(request as Request, known()),
  }));
}

function answer(request: Request, descriptors: Descriptors): object {
  const base = { validHost: request.host, originalRequest: request };
  const failed = (errorCode: number, errorMessage: string) => ({
    ...base,
    errorResponse: { errorCode, errorMessage },
  });
  const files = (found: Uint8Array[] | undefined, what: string) =>
    found
      ? { ...base, fileDescriptorResponse: { fileDescriptorProto: found } }
      : failed(StatusCode.NOT_FOUND, `${what} is not known to this server`);
  if (request.listServices !== undefined && isSet(request, 'listServices')) {
    const service = [...descriptors.services].sort().map((name) => ({ name }));
    return { ...base, listServicesResponse: { service } };
  }
  const { fileByFilename: file, fileContainingSymbol: symbol } = request;
  if (file) return files(descriptors.ofFile(file), `the file ${file}`);
  if (symbol) return files(descriptors.ofSymbol(symbol), `the symbol ${symbol}`);
  return failed(StatusCode.NOT_FOUND, 'extensions are not known to this server');
}

/** A field that was sent; one that was not has its default on the prototype alone. */
function isSet(request: Request, field: keyof Request): boolean {
  return Object.hasOwn(request, field);
}
