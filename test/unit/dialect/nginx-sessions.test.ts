import { describe, expect, it } from 'vitest';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { configWith, notesOf, upstreamOf } from '../../support/nginx-export-kit.ts';

describe('sessions in nginx', () => {
  it('is keyed by the version of nginx', () => {
    const sticky = configWith({ affinity: { type: 'cookie', ttl: '10m' }, strategy: 'weighted-round-robin' });
    expect(upstreamOf(sticky, '1.22')).toContain('hash $ballast_key_api consistent;');
    expect(upstreamOf(sticky, '1.29.5')).toContain('hash $ballast_key_api consistent;');
    expect(upstreamOf(sticky, '1.29.6')).toEqual(
      expect.arrayContaining([
        'sticky cookie ballast_api expires=600s path=/ httponly samesite=lax;',
        'server [::1]:3002 max_fails=5 fail_timeout=10s drain;',
        'keepalive 32;',
      ]),
    );
    expect(upstreamOf(sticky, '1.29.7')).not.toContain('keepalive 32;');
    expect(renderNginx(sticky, { targetVersion: '1.29.6' }).text).toContain('proxy_http_version 1.1;');
    expect(renderNginx(sticky, { targetVersion: '1.30' }).text).not.toContain('proxy_http_version');
  });

  it('keeps the cookie as the file wants it', () => {
    const affinity = {
      type: 'cookie',
      name: 'sid',
      ttl: '90s',
      path: '/app',
      domain: 'example.test',
      secure: true,
      sameSite: 'none',
      httpOnly: false,
    } as const;
    expect(upstreamOf(configWith({ affinity }), '1.29.6')).toContain(
      'sticky cookie sid expires=90s domain=example.test path=/app secure samesite=none;',
    );
    const old = renderNginx(configWith({ affinity })).text;
    expect(old).toContain('map $cookie_sid $ballast_key_api {');
    expect(old).toContain(
      '"" "sid=$request_id; Path=/app; Max-Age=90; Domain=example.test; Secure; SameSite=None";',
    );
    const unlimited = configWith({ affinity: { type: 'cookie', name: 'my-cookie', maxAge: false } });
    expect(upstreamOf(unlimited, '1.29.6')).toContain(
      'sticky cookie my-cookie path=/ httponly samesite=lax;',
    );
    expect(notesOf(unlimited).join()).toContain(
      'nginx cannot read a cookie called my-cookie; the export calls it ballast_api',
    );
  });

  it("learns the application's cookie where nginx can, and says what it costs where it cannot", () => {
    const affinity = { type: 'app-cookie', name: 'JSESSIONID', ttl: '10m', expiry: 'fixed' } as const;
    const config = configWith({ affinity }, { persistSessions: true });
    expect(upstreamOf(config, '1.29.6')).toContain(
      'sticky learn create=$upstream_cookie_JSESSIONID lookup=$cookie_JSESSIONID zone=ballast_sessions_api:2m timeout=600s header;',
    );
    const notes = renderNginx(config, { targetVersion: '1.29.6' })
      .notes.map(({ message }) => message)
      .join();
    expect(notes).toContain('after its last request, not after its first');
    expect(notes).toContain('persistSessions is gone');
    expect(upstreamOf(config)).toContain('hash $ballast_key_api consistent;');
    expect(notesOf(config).join()).toContain(
      "lost: Pool api: learning the application's cookie needs nginx 1.29.6",
    );
    const odd = configWith({ affinity: { type: 'app-cookie', name: 'connect.sid' } });
    expect(notesOf(odd).join()).toContain('nginx cannot read a cookie called connect.sid; affinity is gone');
    expect(
      notesOf(configWith({ affinity: { type: 'cookie' } }, { persistSessions: true })).join(),
    ).not.toContain('persist');
  });

  it('hashes a field or an address, and says which prefixes are lost', () => {
    const field = configWith({ affinity: { type: 'header', header: 'X-Session', onUnavailable: 'reject' } });
    expect(renderNginx(field).text).toContain('map $http_x_session $ballast_key_api {');
    expect(upstreamOf(field)).toContain('hash $ballast_key_api consistent;');
    expect(notesOf(field).join()).toContain('differs: Pool api: affinity by x-session becomes a hash of it');
    expect(notesOf(field).join()).toContain('onUnavailable: reject cannot be said');
    const network = configWith({ affinity: { type: 'client-ip', ipv6Prefix: 64 } });
    expect(notesOf(network).join()).toContain(
      'nginx hashes the whole address; ipv6Prefix: 64 cannot be said',
    );
  });
});
