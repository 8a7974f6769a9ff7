import type { CSSProperties } from 'react';
import { serverColour } from '../store/colours.ts';
import { useConfig } from '../store/config.ts';

/** A server by its colour and name; the pool is said where another pool has a server of the same name. */
export function ServerName({ id }: { id: string }) {
  const address = useConfig(({ servers }) => servers[id]?.address);
  const slash = id.indexOf('/');
  const name = id.slice(slash + 1);
  const isAmbiguous = useConfig(({ servers }) =>
    Object.values(servers).some((server) => server.name === name && server.id !== id),
  );
  const colour = address === undefined ? 'var(--faint)' : serverColour(address);
  return (
    <span className="server-name" style={{ '--server': colour } as CSSProperties} title={address ?? id}>
      <span className="dot" aria-hidden="true" />
      {isAmbiguous && <span className="server-name-pool">{id.slice(0, slash + 1)}</span>}
      <span className="server-name-text">{name}</span>
    </span>
  );
}
