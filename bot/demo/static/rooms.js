// What this tab knows of the rooms of one person: their lines, and how many are unread.

import { memory } from "./dom.js";

export class Rooms {
  constructor(who) {
    this.who = who;
    this.lines = new Map();
  }

  /** Keep a line; false when we have it. */
  add(line) {
    const room = this.lines.get(line.room) ?? this.lines.set(line.room, new Map()).get(line.room);
    if (room.has(line.id)) return false;
    room.set(line.id, line);
    return true;
  }

  /** The lines of a room, oldest first. */
  of(room) {
    return [...(this.lines.get(room)?.values() ?? [])].sort((a, b) => a.id - b.id);
  }

  last(room) {
    return this.of(room).at(-1);
  }

  unread(room) {
    const seen = Number(memory.get(`${this.who}:${room}`) ?? 0);
    return this.of(room).filter((line) => line.id > seen && line.sender !== this.who).length;
  }

  /** Everything in this room has been seen. */
  read(room) {
    const last = this.last(room);
    if (last) memory.set(`${this.who}:${room}`, last.id);
  }
}
