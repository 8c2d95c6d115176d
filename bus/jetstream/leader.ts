// What the leader of a stream says of it, where it can be believed. A leader that lost the others goes on as such for up to twenty
// seconds, while they have elected another one, and what it knows of the stream ends where they parted.

import type { ClusterInfo, JetStreamManager, StreamInfo } from 'nats';
import { BusFailure } from '../errors.ts';

/**
 * How long a leader may not have heard of another node, in ns: it says something every second, and who hears nothing for four
 * seconds stands for election (nats-server's raft). So nobody else was elected meanwhile.
 */
const HEARD_NS = 3_000_000_000;

/** Passes by itself: the others are heard again, or have another leader. */
export class UnsureLeader extends BusFailure {
  override readonly name = 'UnsureLeader';
  constructor(stream: string, why: string) {
    const next = 'see that the nodes of the cluster reach each other';
    super('BUS_UNREACHABLE', `the leader of stream ${stream} ${why}`, next);
  }
}

/** True for a stream of one copy, and for a leader that most of the others follow. */
export function isFollowed(cluster: ClusterInfo | undefined): boolean {
  const others = cluster?.replicas ?? [];
  if (others.length === 0) return true;
  const following = others.filter(({ current, active }) => current && active <= HEARD_NS).length;
  return cluster?.leader !== undefined && (following + 1) * 2 > others.length + 1;
}

/**
 * Throws UnsureLeader, and what the client throws.
 * @param subject on the wire; `state.subjects` then says how many messages it has
 */
export async function infoOf(jsm: JetStreamManager, stream: string, subject?: string): Promise<StreamInfo> {
  const info = await jsm.streams.info(stream, subject === undefined ? undefined : { subjects_filter: subject });
  if (!isFollowed(info.cluster)) throw new UnsureLeader(stream, 'has not heard of most of the other nodes');
  return info;
}
