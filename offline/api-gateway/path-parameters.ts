/**
 * Path parameters of a path by a template such as `/v1/{id}` or `/v1/{proxy+}`, values as they stand in the path;
 * `undefined` where it is not a path of the template. `{name+}` at the end takes one segment or more.
 */
export function pathParametersOf(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split("/");
  const given = path.split("/");
  const parameters: [string, string][] = [];
  for (const [index, segment] of wanted.entries()) {
    const [, name, greedy] = /^\{([^{}+]+)(\+?)\}$/.exec(segment) ?? [];
    const value = greedy === "+" ? given.slice(index).join("/") : given[index];
    if (name === undefined ? value !== segment : value === undefined || value === "") return undefined;
    if (name !== undefined && value !== undefined) parameters.push([name, value]);
    if (greedy === "+") return Object.fromEntries(parameters);
  }
  return wanted.length === given.length ? Object.fromEntries(parameters) : undefined;
}
