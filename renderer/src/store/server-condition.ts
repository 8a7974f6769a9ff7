import type { PoolConfig } from '@shared/config/schema.ts';
import { ejectionStage } from '@shared/contract/ejection-stage.ts';
import type { ReplicaStatus, ServerStatus } from '@shared/contract/server-values.ts';
import { momentText } from '@shared/lib/moment.ts';
import { formatSpan } from '../metrics/format.ts';
import type { IconName } from '../ui/icons.ts';

/** How a server stands, for a person: icon, word and colour together, and the reason where it serves nobody new. */
export interface ServerCondition {
  readonly word: string;
  /** What matters beside it, in a word or two, where there is no room for the reason: `unhealthy` of one that drains. Mostly empty. */
  readonly also: string;
  readonly icon: IconName;
  readonly tone: 'good' | 'bad' | 'warn' | 'warming' | 'neutral';
  /** A sentence with the reason and what follows from it. */
  readonly reason: string;
}

/**
 * Derived from the engine's facts and, where Ballast started the process, from that. The process comes first: it is the
 * cause, a failed probe its consequence.
 */
export function serverCondition(
  status: ServerStatus | undefined,
  replica: ReplicaStatus | undefined,
  healthCheck?: PoolConfig['healthCheck'],
  nowMs: number = Date.now(),
): ServerCondition {
  const condition = ownCondition(status, replica, healthCheck, nowMs);
  return { ...condition, also: status ? alsoText(condition.word, status, nowMs) : '' };
}

type OwnCondition = Omit<ServerCondition, 'also'>;

function ownCondition(
  status: ServerStatus | undefined,
  replica: ReplicaStatus | undefined,
  healthCheck: PoolConfig['healthCheck'] | undefined,
  nowMs: number,
): OwnCondition {
  if (replica?.state === 'exited')
    return {
      word: 'Exited',
      icon: 'skull',
      tone: 'bad',
      reason: `Its process ${exitText(replica)}. Start it again to bring it back.`,
    };
  if (replica?.state === 'failed')
    return {
      word: 'Failed',
      icon: 'alert',
      tone: 'bad',
      reason: `Its process did not start: ${sentence(replica.problem ?? exitText(replica))}`,
    };
  if (replica?.state === 'starting')
    return {
      word: 'Starting',
      icon: 'hourglass',
      tone: 'warming',
      reason: 'Its process was started and does not listen yet.',
    };
  if (!status)
    return { word: 'Unknown', icon: 'clock', tone: 'neutral', reason: 'The engine has not reported it yet.' };

  if (status.adminState === 'maintenance')
    return {
      word: 'Maintenance',
      icon: 'wrench',
      tone: 'neutral',
      reason: 'Taken out by hand: no requests, no probes. Set it ready to bring it back.',
    };
  if (status.reason === 'drained')
    return {
      word: 'Drained',
      icon: 'drain',
      tone: 'neutral',
      reason: 'The deadline of its drain has passed: it takes no requests. Set it ready to bring it back.',
    };
  if (status.adminState === 'drain')
    return {
      word: 'Draining',
      icon: 'drain',
      tone: 'warn',
      reason: drainText(status, nowMs),
    };
  if (status.verdict === 'unhealthy')
    return {
      word: 'Unhealthy',
      icon: 'heart',
      tone: 'bad',
      reason: `${unhealthyText(status, healthCheck)}${status.inPanic ? panicText : ''}`,
    };
  const ejection = status.available || status.reason === 'ejected' ? ejectionStage(status, nowMs) : 'none';
  if (ejection !== 'none') return ejectedCondition(status, ejection, nowMs);
  if (status.reason === 'full')
    return {
      word: 'Full',
      icon: 'alert',
      tone: 'warn',
      reason: 'It has as many requests in flight as maxRequests allows.',
    };
  if (status.reason === 'weight-zero')
    return {
      word: 'Weight 0',
      icon: 'minus',
      tone: 'neutral',
      reason: 'Weight 0 takes no new clients; bound sessions stay.',
    };
  if (status.reason === 'priority')
    return {
      word: 'Standby',
      icon: 'standby',
      tone: 'neutral',
      reason: 'Used only while no server of a better priority is available.',
    };
  if (status.reason === 'backup')
    return {
      word: 'Standby',
      icon: 'standby',
      tone: 'neutral',
      reason: 'A backup: used only when no primary server is available.',
    };
  const failing = failingBecause(status);
  if (failing !== null) return { word: 'Failing', icon: 'alert', tone: 'warn', reason: failing };
  if (status.verdict === 'healthy')
    return {
      word: 'Healthy',
      icon: 'check',
      tone: 'good',
      reason: status.lastProbe ? `Last probe: ${status.lastProbe.detail}.` : 'Its health check passes.',
    };
  if (healthCheck?.type === 'none')
    return {
      word: 'Unchecked',
      icon: 'pulse',
      tone: 'neutral',
      reason: 'It serves; this pool has no health check.',
    };
  return {
    word: 'Checking',
    icon: 'clock',
    tone: 'warming',
    reason: 'It serves; its first probe has not finished.',
  };
}

/** A word of its own hides these: that of a draining server that it is out, that of one that is out that it is asked all the same. */
function alsoText(word: string, status: ServerStatus, nowMs: number): string {
  if (word !== 'Draining' && word !== 'Unhealthy' && word !== 'Ejected') return '';
  if (status.inPanic) return 'in panic';
  if (word !== 'Draining') return '';
  if (status.verdict === 'unhealthy') return 'unhealthy';
  return ejectionStage(status, nowMs) === 'ejected' ? 'ejected' : '';
}

/** Why a server that serves is said to fail, as a sentence; null where it is not. */
export function failingBecause({ notEjected, lastProbe }: ServerStatus): string | null {
  // Before what probes say: they may pass while every request fails.
  if (notEjected !== null) return `It is not ejected: ${notEjected}.`;
  return lastProbe?.succeeded === false
    ? `Its last probe failed (${lastProbe.detail}); it still serves.`
    : null;
}

/** One that cannot be reached any more keeps its sessions no better than one that does not drain. */
function drainText(status: ServerStatus, nowMs: number): string {
  const isUnhealthy = status.verdict === 'unhealthy';
  const isEjected = !isUnhealthy && ejectionStage(status, nowMs) === 'ejected';
  const left = status.drainUntilMs === null ? undefined : leftText(status.drainUntilMs, nowMs);
  if (isUnhealthy || isEjected) {
    const probe = status.lastProbe?.succeeded === false ? ` (${status.lastProbe.detail})` : '';
    const cause = isUnhealthy
      ? `Unhealthy${probe}`
      : `Ejected, ${status.ejectedBecause ?? 'failed on real traffic'}`;
    const end = left === undefined ? 'Running requests finish.' : `What still runs is ended in ${left}.`;
    const bound = status.inPanic
      ? '. Those bound to it are served here all the same: its pool is in panic.'
      : ', and those bound to it are not served here either.';
    // The cause first: a card has room for the beginning.
    return `${cause}, while it drains: no new clients${bound} ${end}`;
  }
  return left === undefined
    ? 'No new clients; bound sessions and running requests finish here.'
    : `No new clients; in ${left} its sessions move and what still runs is ended.`;
}

/** The verdict changes only after several probes in a row: the last one may have gone well already. */
function unhealthyText(status: ServerStatus, healthCheck: PoolConfig['healthCheck'] | undefined): string {
  const { lastProbe } = status;
  if (!lastProbe?.succeeded) return `Its health check fails${lastProbe ? `: ${lastProbe.detail}` : ''}.`;
  const rise =
    healthCheck && healthCheck.type !== 'none' ? `${healthCheck.rise} in a row` : 'enough in a row';
  return `Its last probe succeeded (${lastProbe.detail}); ${rise} make it healthy again.`;
}

function ejectedCondition(
  { ejectedBecause, ejectedUntilMs, inPanic }: ServerStatus,
  stage: 'ejected' | 'awaiting-trial' | 'on-trial',
  nowMs: number,
): OwnCondition {
  const cause = ejectedBecause ?? 'failed on real traffic';
  // In panic even one whose trial is under way is asked.
  switch (inPanic ? 'ejected' : stage) {
    case 'ejected':
      return {
        word: 'Ejected',
        icon: 'eject',
        tone: 'bad',
        reason: inPanic
          ? `Ejected, ${cause}.${panicText}`
          : `No requests for ${leftText(ejectedUntilMs ?? 0, nowMs)}, until ${momentText(ejectedUntilMs ?? 0, nowMs)}: ${cause}.`,
      };
    case 'awaiting-trial':
      return {
        word: 'Ejected',
        icon: 'hourglass',
        tone: 'warn',
        reason: `Awaiting a trial request: the next one shows whether it is back. Ejected, ${cause}.`,
      };
    case 'on-trial':
      return {
        word: 'On trial',
        icon: 'hourglass',
        tone: 'warn',
        reason: `A trial request is under way; others go elsewhere until it is answered. Ejected, ${cause}.`,
      };
  }
}

/** What is left of a span, its last second told until it is over. */
export function leftText(untilMs: number, nowMs: number): string {
  return formatSpan(Math.max(0, untilMs - nowMs) + 999);
}

/** The moment its condition speaks of as lying ahead: the end of its ejection or drain; null where there is none. */
export function deadlineOf(status: ServerStatus | undefined): number | null {
  if (!status) return null;
  return status.adminState === 'drain' ? status.drainUntilMs : status.ejectedUntilMs;
}

const panicText = ' It is asked all the same: its pool is in panic.';

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** `exited, signal 9`, `exited with code 1`. */
export function exitText({ exit }: Pick<ReplicaStatus, 'exit'>): string {
  if (!exit) return 'ended';
  if (exit.signal !== null) return `ended by ${exit.signal}`;
  return `exited with code ${exit.code ?? '?'}`;
}
