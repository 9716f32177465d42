// Promises: what is held of the pages, where it was looked at, and where it was broken.

const promises = new Map();

/** Holds a promise at a place; `wrongs` is what breaks it there. */
export function hold(promise, place, wrongs) {
  if (!promises.has(promise)) promises.set(promise, { count: 0, wrongs: [] });
  const kept = promises.get(promise);
  kept.count += 1;
  for (const wrong of [wrongs].flat()) if (wrong) kept.wrongs.push(`${place}: ${wrong}`);
}

/** The same, where what is wrong is thrown. */
export async function held(promise, place, work) {
  let wrong;
  try {
    await work();
  } catch (error) {
    wrong = error.message.split("\n").slice(0, 6).join(" ");
  }
  hold(promise, place, wrong);
}

/** Says how all came out; gives how many were broken. */
export function told() {
  let broken = 0;
  for (const [promise, { count, wrongs }] of promises) {
    console.log(`${wrongs.length ? "FAILED" : "ok    "} ${promise} (${count})`);
    for (const wrong of wrongs.slice(0, 12)) console.log(`         ${wrong}`);
    if (wrongs.length > 12) console.log(`         and ${wrongs.length - 12} more`);
    broken += wrongs.length ? 1 : 0;
  }
  console.log(`${promises.size - broken} promises kept, ${broken} broken`);
  return broken;
}
