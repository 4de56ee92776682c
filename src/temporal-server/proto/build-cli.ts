/** A build step: writes the message definitions to `dist/temporal-protos.txt`. */
import { writeFileSync } from 'node:fs';
import { builtDefinitionsPath, definitionsOfPackage } from './definitions.js';

writeFileSync(builtDefinitionsPath, definitionsOfPackage());
