import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** A CI service that vouches for its jobs: a key pair, and tokens as GitHub makes them. */
export class IdentityProvider {
  private constructor(
    readonly issuer: string,
    readonly audience: string,
    readonly kid: string,
    private readonly privateKey: CryptoKey,
    readonly publicJwk: JWK,
  ) {}

  static async create(issuer: string, kid = 'key-1', audience = 'https://deploy.example'): Promise<IdentityProvider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
    return new IdentityProvider(issuer, audience, kid, privateKey, publicJwk);
  }

  /** The claims of a job that may deploy, issued just now for five minutes. */
  claims(): JWTPayload & Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      aud: this.audience,
      sub: 'repo:acme/web:ref:refs/heads/main',
      repository: 'acme/web',
      repository_id: '123456',
      ref: 'refs/heads/main',
      run_id: '42',
      iat: now,
      nbf: now,
      exp: now + 300,
    };
  }

  /** @param changes claims that differ; undefined ones are left out */
  token(changes: Record<string, unknown> = {}, header: { kid?: string } = {}): Promise<string> {
    return new SignJWT({ ...this.claims(), ...changes })
      .setProtectedHeader({ alg: 'RS256', kid: this.kid, ...header })
      .sign(this.privateKey);
  }
}
