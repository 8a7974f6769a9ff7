import { systemClock } from '../clock.ts';
import type { BodyFraming } from '../http1/body-framing.ts';
import { outgoingResponse, type ResponseTraits } from '../http1/outgoing-response.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Server } from '../pool/server.ts';
import type { LaneSocket } from '../sockets/lane-socket.ts';
import { send } from '../sockets/send.ts';
import type { AttemptsClient } from './attempts-client.ts';

/** Filled anew for every response and read before `relayResponse` returns. */
const traits: ResponseTraits = {
  closes: false,
  keepsAlive10: false,
  hidesCoding: false,
  ownFields: '',
  clock: systemClock,
};

/** Passes a response on to the client: its head, rewritten, and what there is of its body. */
export function relayResponse(
  client: AttemptsClient,
  server: Server,
  framing: BodyFraming,
  bytes: Buffer,
  head: ResponseHead,
  start: number,
  end: number,
  stable: boolean,
): void {
  const is10 = client.minor === 0;
  const decodes = is10 && framing.kind === 'chunked';
  if ((head.status !== 101 && framing.kind === 'until-close') || decodes) client.closeAfter();
  traits.hidesCoding = is10;
  traits.closes = client.closes;
  traits.keepsAlive10 = is10 && !client.closes;
  traits.clock = client.clock;
  traits.ownFields = client.ownFields(server);
  const text = outgoingResponse(bytes, head, traits);
  if (decodes) {
    send(client.socket, text, bytes, 0, 0, stable);
    sendDecoded(client.socket, framing, bytes, stable);
  } else send(client.socket, text, bytes, start, end, stable);
}

/** Passes more of the body on; after a switch of protocols, whatever comes. */
export function relayBody(
  client: AttemptsClient,
  framing: BodyFraming,
  bytes: Buffer,
  start: number,
  end: number,
  stable: boolean,
): void {
  if (client.minor === 0 && framing.kind === 'chunked') sendDecoded(client.socket, framing, bytes, stable);
  else send(client.socket, '', bytes, start, end, stable);
}

/** An HTTP/1.0 client cannot read chunks: it gets what is in them. */
function sendDecoded(socket: LaneSocket, { chunked }: BodyFraming, bytes: Buffer, stable: boolean): void {
  const { ranges } = chunked;
  for (let i = 0; i < ranges.length; i += 2) send(socket, '', bytes, ranges[i]!, ranges[i + 1]!, stable);
}
