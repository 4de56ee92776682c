// In the packed server, in place of src/temporal-server/file/lmdb.ts.
import { open } from 'lmdb';

export const loadLmdb = () => ({ open });
