/** The lab that a first command makes; written to `lab.yaml` in the state folder, to be edited. */
export const DEFAULT_LAB = `# The lab of "fortnight backup", "restore", "list", "warp" and "credentials".
# Storages, repositories and tenants of your own go here; what is stored stays where it is.
version: 1
title: lab

storages:
  - name: minio
    kind: s3-compatible
    longestSession: 365d # 14 days are truly issued and truly end

repositories:
  - name: vault-direct # straight to the storage, with credentials that end after 14 days
    storage: minio
    mode: direct
    access: iam-sts
  - name: vault-gateway # through the service provider's cloud gateway
    storage: minio
    mode: gateway
    access: unset

tenants:
  - name: acme
    quota: 100GiB
`;
