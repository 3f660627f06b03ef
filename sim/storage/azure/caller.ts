import type { EntraPrincipal } from './entra.ts';

/** Who sends a request, after the signature or token was found right. */
export type Caller =
  /** Holds the account key: may do everything. */
  | { readonly kind: 'accountKey' }
  | {
      readonly kind: 'sas';
      readonly resource: 'c' | 'b' | 'd';
      /** Of the SAS or of its stored access policy. */
      readonly permissions: string;
      /** Response headers that the SAS sets. */
      readonly overrides: Readonly<Record<string, string>>;
      /** Whose user-delegation key signed; the SAS can do no more than this principal. */
      readonly delegate?: EntraPrincipal;
    }
  | { readonly kind: 'bearer'; readonly principal: EntraPrincipal };
