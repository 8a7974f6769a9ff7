import type { Channel } from '@shared/contract/channel.ts';
import type { IpcMainEvent } from 'electron';
import { describe, expect, it } from 'vitest';
import { closeMessage, frameMessage, openMessage } from '../../../main/desktop/ipc-pipe.ts';
import { createIpcPair } from '../../support/ipc-pair.ts';

const hello = { type: 'hello', protocol: 1 };

function setUp() {
  const pair = createIpcPair();
  const { ipc, trusted, channels } = pair;
  return {
    ...pair,
    open: (connection: unknown, event = trusted) => ipc.emit(openMessage, event, connection),
    say: (connection: unknown, frame: unknown, event = trusted) =>
      ipc.emit(frameMessage, event, connection, frame),
    hangUp: (connection: unknown, reason: unknown, event = trusted) =>
      ipc.emit(closeMessage, event, connection, reason),
    only: () => {
      expect(channels).toHaveLength(1);
      return channels[0]!;
    },
  };
}

function heard(channel: Channel): unknown[] {
  const frames: unknown[] = [];
  channel.onFrame((frame) => frames.push(frame));
  return frames;
}

function reasons(channel: Channel): string[] {
  const told: string[] = [];
  channel.onClose((reason) => told.push(reason));
  return told;
}

describe('the IPC pipe', () => {
  it('carries frames both ways in order', () => {
    const { open, say, only, sent } = setUp();
    open('a');
    const frames = heard(only());
    say('a', hello);
    say('a', { type: 'command', id: 1 });
    only().send({ type: 'welcome' });
    expect(frames).toEqual([hello, { type: 'command', id: 1 }]);
    expect(sent).toEqual([[frameMessage, 'a', { type: 'welcome' }]]);
  });

  it('keeps what comes before anybody listens', () => {
    const { open, say, only } = setUp();
    open('a');
    say('a', hello);
    say('a', { type: 'subscribe', id: 1 });
    expect(heard(only())).toEqual([hello, { type: 'subscribe', id: 1 }]);
  });

  it('ignores every message of a sender it does not trust', () => {
    const { open, say, hangUp, only, channels } = setUp();
    const stranger = {} as IpcMainEvent;
    open('a', stranger);
    expect(channels).toHaveLength(0);
    open('a');
    const frames = heard(only());
    const told = reasons(only());
    open('b', stranger);
    say('a', hello, stranger);
    hangUp('a', 'by a stranger', stranger);
    expect(channels).toHaveLength(1);
    expect(frames).toEqual([]);
    expect(told).toEqual([]);
  });

  it('drops messages of a connection that is not the present one, and names that are none', () => {
    const { open, say, hangUp, channels } = setUp();
    say('a', hello);
    open(undefined);
    open({ connection: 'a' });
    say(undefined, hello);
    expect(channels).toHaveLength(0);
    open('b');
    const frames = heard(channels[0]!);
    const told = reasons(channels[0]!);
    say('a', hello);
    hangUp('a', 'late');
    expect(frames).toEqual([]);
    expect(told).toEqual([]);
  });

  it('ends the connection of a page that was loaded anew, without telling the new page', () => {
    const { open, say, channels, sent } = setUp();
    open('a');
    const told = reasons(channels[0]!);
    open('b');
    expect(told).toEqual(['the interface began anew']);
    expect(sent).toEqual([]);
    const frames = heard(channels[1]!);
    say('a', { type: 'ack' });
    say('b', hello);
    expect(frames).toEqual([hello]);
  });

  it('tells the page of a close once, and sends and delivers nothing after it', () => {
    const { open, say, only, sent } = setUp();
    open('a');
    const channel = only();
    const frames = heard(channel);
    const told = reasons(channel);
    channel.close('a frame could not be understood');
    channel.close('again');
    channel.send({ type: 'result' });
    say('a', hello);
    expect(sent).toEqual([[closeMessage, 'a', 'a frame could not be understood']]);
    expect(frames).toEqual([]);
    expect(told).toEqual(['a frame could not be understood']);
    expect(reasons(channel)).toEqual(['a frame could not be understood']);
  });

  it('ends when the page closes it', () => {
    const { open, hangUp, only, sent } = setUp();
    open('a');
    hangUp('a', 'closed by the caller');
    expect(reasons(only())).toEqual(['closed by the caller']);
    expect(sent).toEqual([]);
  });

  it('is left by the shell with a reason', () => {
    const { open, pipe, sent } = setUp();
    pipe.disconnect('nobody is there');
    open('a');
    pipe.disconnect('another workspace opens');
    expect(sent).toEqual([[closeMessage, 'a', 'another workspace opens']]);
  });

  it('sends nothing to a page that is gone, and hears nothing once disposed of', () => {
    const { open, only, channels, sent, destroyPage, pipe, ipc } = setUp();
    open('a');
    destroyPage();
    only().send({ type: 'result' });
    expect(sent).toEqual([]);
    pipe.dispose();
    open('b');
    expect(channels).toHaveLength(1);
    expect(reasons(only())).toEqual(['the window closed']);
    expect(ipc.eventNames()).toEqual([]);
  });
});
