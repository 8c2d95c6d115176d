import { beforeAll, expect, test } from 'vitest';
import { createBoard } from '../actors/board.ts';
import type { Stored } from '../bus/bus.ts';
import { createAuditor } from './auditor.ts';
import { Forgery, type Recorded, record } from './fixture.ts';
import { foldOf } from './fold.ts';

let played: Recorded;
beforeAll(async () => {
  played = await record('escalation');
});

function boardOf(messages: readonly Stored[]): string {
  const board = createBoard();
  for (const { message, seq } of messages) board.told(message, seq);
  return foldOf(board.state);
}

function foldedBy(messages: readonly Stored[]): string {
  const auditor = createAuditor({});
  for (const stored of messages) auditor.look(stored);
  return auditor.fold();
}

test('the fold of the auditor is the board of the company, after every message', () => {
  const board = createBoard();
  const auditor = createAuditor({});
  for (const stored of played.messages) {
    board.told(stored.message, stored.seq);
    auditor.look(stored);
    if (stored.seq % 25 === 0) expect(auditor.fold()).toBe(foldOf(board.state));
  }
  expect(auditor.fold()).toBe(foldOf(board.state));
  expect(auditor.fold().length).toBeGreaterThan(1_000);
});

test('I25: a live state that missed a message is found', () => {
  const forgery = new Forgery(played);
  forgery.the('task.completed', 0).message.data.task.title = 'Another title';
  expect(boardOf(forgery.messages)).not.toBe(foldedBy(played.messages));
});
