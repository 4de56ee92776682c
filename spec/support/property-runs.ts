/** `PERDURE_PROPERTY_RUNS`: how often each property is tried, where a spec does not say. */
import fc from 'fast-check';

fc.configureGlobal({ numRuns: Number(process.env.PERDURE_PROPERTY_RUNS) });
