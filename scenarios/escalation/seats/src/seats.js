/** Seats left of a class; counted from who signed up, so that it cannot be wrong. Somebody who signs up twice has one seat. */
export function seatsLeft(seats, signups) {
  return Math.max(0, seats - new Set(signups.map(({ email }) => email.trim().toLowerCase())).size);
}
