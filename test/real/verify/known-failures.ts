/** Points that do not pass on these servers, each with the reason. */
export const KNOWN_FAILURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ceph: {
    'I46-create-only-large':
      'Ceph 16 ignores conditions on the completion of an upload (multipart.create-only)',
    'C9-missing-foreign':
      'Ceph looks for the object before the policy of the session (scope.missing-foreign)',
    'E-unknown-key':
      'Ceph finds the session by its token: a key id that does not belong to it is AccessDenied',
  },
  Azurite: {
    'C9-copy': 'Azurite does not look at the SAS of a source in its own account',
    'E-skew': 'Azurite does not compare the date of a request with its clock',
  },
};
