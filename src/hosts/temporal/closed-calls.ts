/**
 * Calls of a client that has been closed. The SDK tries some failed calls again, from a timer; on a channel
 * that has been closed meanwhile gRPC throws there, where nobody could catch it and the program would end.
 */
import { InterceptingCall, type Interceptor, Metadata, status } from '@grpc/grpc-js';
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** The SDK's retries, but that a call fails, CANCELLED, where it cannot be made any more. */
export function callInterceptors(): Interceptor[] {
  return [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), failsWhereItWouldThrow];
}

const failsWhereItWouldThrow: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch (thrown) {
    return failedCall((thrown as Error).message);
  }
};

/** A call that has failed before it began; a code that the SDK does not try again. */
function failedCall(details: string): InterceptingCall {
  return new InterceptingCall({
    start(_, listener) {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() });
    },
    sendMessage() {},
    sendMessageWithContext() {},
    startRead() {},
    halfClose() {},
    cancelWithStatus() {},
    getPeer: () => '',
    getAuthContext: () => null,
  });
}
