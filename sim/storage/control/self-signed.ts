import { generateKeyPairSync, sign } from 'node:crypto';
import type { TlsMaterial } from '../families.ts';

/** ASN.1 tags of DER. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Object ids in their DER content bytes. */
const ID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
  subjectAltName: '551d11',
} as const;

const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/**
 * A self-signed certificate for this machine's loopback names (and buckets below `s3.localhost`), on
 * a fresh P-256 key. It is its own root, so that a client trusts it by being given the file.
 * It is valid from 2020 to 2049: the storage's clock may be anywhere.
 */
export function makeSelfSigned(random: (bytes: number) => Buffer): TlsMaterial {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(TAG.sequence, objectId(ID.ecdsaWithSha256));
  const name = der(
    TAG.sequence,
    der(
      TAG.set,
      der(
        TAG.sequence,
        objectId(ID.commonName),
        der(TAG.utf8, Buffer.from('fortnight storage (self-signed)')),
      ),
    ),
  );
  const validity = der(
    TAG.sequence,
    der(TAG.utcTime, Buffer.from('200101000000Z')),
    der(TAG.utcTime, Buffer.from('490101000000Z')),
  );
  // A leading 01 keeps the serial number positive and of full length.
  const serial = der(TAG.integer, Buffer.concat([Buffer.from([1]), random(15)]));
  const certificate = der(
    TAG.sequence,
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    serial,
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions()),
  );
  const signature = sign('sha256', certificate, privateKey);
  const whole = der(
    TAG.sequence,
    certificate,
    algorithm,
    der(TAG.bitString, Buffer.from([0]), signature),
  );
  const body = whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
  };
}

function extensions(): Buffer {
  // Clients do not accept `*.localhost`: a wildcard needs two labels behind it.
  const names = ['localhost', 's3.localhost', '*.s3.localhost'];
  const loopback6 = Buffer.alloc(16);
  loopback6[15] = 1;
  const isAuthority = der(TAG.boolean, Buffer.from([0xff]));
  return der(
    TAG.sequence,
    extension(ID.basicConstraints, true, der(TAG.sequence, isAuthority)),
    // digitalSignature and keyCertSign.
    extension(ID.keyUsage, true, der(TAG.bitString, Buffer.from([2, 0x84]))),
    extension(ID.extendedKeyUsage, false, der(TAG.sequence, objectId(ID.serverAuth))),
    extension(
      ID.subjectAltName,
      false,
      der(
        TAG.sequence,
        ...names.map((name) => der(DNS_NAME, Buffer.from(name))),
        der(IP_ADDRESS, Buffer.from([127, 0, 0, 1])),
        der(IP_ADDRESS, loopback6),
      ),
    ),
  );
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [der(TAG.boolean, Buffer.from([0xff]))] : [];
  return der(TAG.sequence, objectId(id), ...critical, der(TAG.octetString, value));
}

function objectId(hex: string): Buffer {
  return der(TAG.objectId, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
