/* Parts of the widget that come when they are first needed. */

/** A function that loads a part once; what did not come (the line broke) is tried again the next time. */
export function onDemand(load) {
  let room = null;
  return () => {
    room ??= load().catch((error) => {
      room = null;
      throw error;
    });
    return room;
  };
}
