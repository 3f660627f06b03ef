/** What one request needs to be allowed. */
export const PERMISSIONS = [
  'storage.buckets.create',
  'storage.buckets.delete',
  'storage.buckets.get',
  'storage.buckets.getIamPolicy',
  'storage.buckets.list',
  'storage.buckets.setIamPolicy',
  'storage.buckets.update',
  'storage.hmacKeys.create',
  'storage.hmacKeys.delete',
  'storage.hmacKeys.get',
  'storage.hmacKeys.list',
  'storage.hmacKeys.update',
  'storage.multipartUploads.abort',
  'storage.multipartUploads.create',
  'storage.multipartUploads.list',
  'storage.multipartUploads.listParts',
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
  'storage.objects.update',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const MULTIPART: readonly Permission[] = [
  'storage.multipartUploads.abort',
  'storage.multipartUploads.create',
  'storage.multipartUploads.list',
  'storage.multipartUploads.listParts',
];
const OBJECTS: readonly Permission[] = [
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
  'storage.objects.update',
];
const LEGACY_READER: readonly Permission[] = [
  'storage.buckets.get',
  'storage.multipartUploads.list',
  'storage.objects.list',
];
const LEGACY_WRITER: readonly Permission[] = [
  ...LEGACY_READER,
  ...MULTIPART,
  'storage.objects.create',
  'storage.objects.delete',
];

/** The predefined roles, as far as their permissions exist here. */
const ROLES: ReadonlyMap<string, ReadonlySet<Permission>> = new Map(
  Object.entries({
    'roles/storage.objectViewer': ['storage.objects.get', 'storage.objects.list'],
    'roles/storage.objectCreator': [
      'storage.objects.create',
      'storage.multipartUploads.abort',
      'storage.multipartUploads.create',
      'storage.multipartUploads.listParts',
    ],
    'roles/storage.objectUser': [...OBJECTS, ...MULTIPART],
    'roles/storage.objectAdmin': [...OBJECTS, ...MULTIPART],
    'roles/storage.bucketViewer': ['storage.buckets.get', 'storage.buckets.list'],
    'roles/storage.admin': PERMISSIONS.filter((name) => !name.startsWith('storage.hmacKeys.')),
    'roles/storage.hmacKeyAdmin': PERMISSIONS.filter((name) =>
      name.startsWith('storage.hmacKeys.'),
    ),
    'roles/storage.legacyObjectReader': ['storage.objects.get'],
    'roles/storage.legacyObjectOwner': ['storage.objects.get', 'storage.objects.update'],
    'roles/storage.legacyBucketReader': LEGACY_READER,
    'roles/storage.legacyBucketWriter': LEGACY_WRITER,
    'roles/storage.legacyBucketOwner': [
      ...LEGACY_WRITER,
      'storage.buckets.getIamPolicy',
      'storage.buckets.setIamPolicy',
      'storage.buckets.update',
    ],
  } satisfies Record<string, readonly Permission[]>).map(([name, permissions]) => [
    name,
    new Set<Permission>(permissions),
  ]),
);

/** The permissions of a predefined role; undefined when there is no such role. */
export function rolePermissions(role: string): ReadonlySet<Permission> | undefined {
  return ROLES.get(role);
}
