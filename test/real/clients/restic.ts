import { BUCKET, type ClientFolder, expectSameFile, expectText } from './client-folder.ts';

export async function checkRestic(client: ClientFolder): Promise<void> {
  const { report } = client;
  // Debian's restic asks for the bucket itself, which no prefix-bound credential may.
  await client.takeSession();
  const at = ['--repo', `s3:${client.storage.endpoint}/${BUCKET}/restic`];
  const restic = (...words: string[]) => client.succeed('restic', [...at, ...words]);
  await report.check('restic: init, backup, restore, same bytes', async () => {
    await restic('init');
    await restic('backup', 'tree');
    await restic('restore', 'latest', '--target', 'restored');
    expectSameFile(client.path('tree/sub/two'), client.path('restored/tree/sub/two'));
  });
  await report.check(
    'restic: forget --prune leaves one snapshot, check finds no fault',
    async () => {
      await restic('backup', 'tree', 'big');
      expectText(
        await restic('forget', '--keep-last', '1', '--group-by', '', '--prune'),
        'remove 1',
      );
      expectText(await restic('check', '--read-data'), 'no errors were found');
    },
  );
  await client.expire('restic', [
    [...at, 'snapshots'],
    [...at, 'backup', 'tree'],
  ]);
}
