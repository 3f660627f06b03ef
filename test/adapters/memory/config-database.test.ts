import { createMemoryConfigDatabase } from '../../../adapters/memory/config-database.ts';
import { describeConfigDatabaseContract } from '../../contract/config-database.contract.ts';

describeConfigDatabaseContract('memory', async () => createMemoryConfigDatabase());
