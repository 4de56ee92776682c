/** Milliseconds of processor time since it was called: others on the machine do not count. */
export function cpu(): () => number {
  const begin = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1000;
  };
}
