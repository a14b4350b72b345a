import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A metric that an alarm of serverless.yml looks at. */
export interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Alarm {
  /** As deployed: `podgate-<stage>-<what>`. */
  readonly name: string;
  readonly description: string;
  readonly metrics: readonly WatchedMetric[];
}

interface MetricProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

interface AlarmProperties extends MetricProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: MetricProperties } }[];
}

/** The alarms of serverless.yml for a stage. */
export function readAlarms(stage: string): readonly Alarm[] {
  const text = readFileSync("serverless.yml", "utf8")
    .replaceAll(`\${sls:stage}`, stage)
    .replaceAll(`\${self:service}`, "podgate");
  const resources: Record<string, { Type: string; Properties: AlarmProperties }> = parse(text, { merge: true })
    .resources.Resources;
  return Object.values(resources)
    .filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
    .map(({ Properties }) => ({
      name: Properties.AlarmName,
      description: Properties.AlarmDescription,
      metrics: watched(Properties).map(({ Namespace, MetricName, Dimensions }) => ({
        namespace: Namespace,
        name: MetricName,
        dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])),
      })),
    }));
}

function watched(properties: AlarmProperties): readonly MetricProperties[] {
  if (properties.Metrics === undefined) return [properties];
  return properties.Metrics.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric]));
}
