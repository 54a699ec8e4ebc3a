/** Labels as Docker's filters take them: `k=v`, or `k` where any value will do. */
export function toLabelFilter(labels: Record<string, string> = {}): { label?: string[] } {
  const label = Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
  return label.length > 0 ? { label } : {};
}
