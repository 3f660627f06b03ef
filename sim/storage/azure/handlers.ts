import {
  deleteBlob,
  getBlob,
  getBlobMetadata,
  getBlobProperties,
  putBlob,
  setBlobMetadata,
  setBlobProperties,
} from './blobs.ts';
import { getBlockList, putBlock, putBlockList } from './blocks.ts';
import type { AzureCall, AzureReply } from './call.ts';
import {
  createContainer,
  deleteContainer,
  getContainerAcl,
  getContainerProperties,
  setContainerAcl,
  setContainerMetadata,
} from './containers.ts';
import { copyBlob } from './copy.ts';
import { getUserDelegationKey } from './delegation-key.ts';
import { listBlobs } from './list-blobs.ts';
import type { AzureOperation } from './operations.ts';
import { getAccountInfo, listContainers } from './service.ts';

export const AZURE_HANDLERS: Readonly<
  Record<AzureOperation, (call: AzureCall) => AzureReply | Promise<AzureReply>>
> = {
  ListContainers: listContainers,
  GetAccountInfo: getAccountInfo,
  GetUserDelegationKey: getUserDelegationKey,
  CreateContainer: createContainer,
  DeleteContainer: deleteContainer,
  GetContainerProperties: getContainerProperties,
  SetContainerMetadata: setContainerMetadata,
  GetContainerAcl: getContainerAcl,
  SetContainerAcl: setContainerAcl,
  ListBlobs: listBlobs,
  PutBlob: putBlob,
  PutBlock: putBlock,
  PutBlockList: putBlockList,
  GetBlockList: getBlockList,
  GetBlob: getBlob,
  GetBlobProperties: getBlobProperties,
  GetBlobMetadata: getBlobMetadata,
  SetBlobMetadata: setBlobMetadata,
  SetBlobProperties: setBlobProperties,
  DeleteBlob: deleteBlob,
  CopyBlob: copyBlob,
};
