export interface PodManifestOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
}

/** A service account and a Deployment with a token for `audience`, as k8s/ has them, in YAML. */
export function podManifest(options: PodManifestOptions): string {
  const [namespace, serviceAccount] = [options.namespace, options.serviceAccount].map(scalar);
  const audience = JSON.stringify(options.audience);
  return `apiVersion: v1
kind: ServiceAccount
metadata: { name: ${serviceAccount}, namespace: ${namespace} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${serviceAccount}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${serviceAccount} } }
  template:
    metadata: { labels: { app: ${serviceAccount} } }
    spec:
      serviceAccountName: ${serviceAccount}
      automountServiceAccountToken: false
      containers:
        - name: app
          image: curlimages/curl:8.12.1
          command: [sleep, infinity]
          # The folder, not the file by subPath: such a mount is never replaced.
          volumeMounts: [{ name: podgate-token, mountPath: /var/run/secrets/podgate, readOnly: true }]
      volumes:
        - name: podgate-token
          projected:
            sources:
              # Read the file for every call: kubelet replaces it.
              - serviceAccountToken: { path: token, audience: ${audience}, expirationSeconds: 3600 }
`;
}

/** A Kubernetes name such as `12` or `null` would be no text. */
function scalar(name: string): string {
  return /^[a-z][a-z0-9.-]*$/.test(name) && !/^(?:true|false|null|yes|no|on|off|y|n)$/.test(name)
    ? name
    : JSON.stringify(name);
}
