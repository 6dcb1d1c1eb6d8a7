import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { npmPackage } from '../runner/npm-package.js';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: unknown;
  data?: Record<string, string>;
}
export interface Probe {
  httpGet: { path: string; port: string };
}
export interface Container {
  env: { name: string; value?: string; valueFrom?: { configMapKeyRef?: { name: string; key: string } } }[];
  ports: { name: string; containerPort: number }[];
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  securityContext: Record<string, unknown>;
  resources: Record<string, unknown>;
}
export interface PodSpec {
  containers: [Container];
  volumes: { name: string; secret: { secretName: string; items?: { key: string; path: string }[] } }[];
  terminationGracePeriodSeconds: number;
  [field: string]: unknown;
}
export interface Deployment extends Manifest {
  spec: {
    replicas: number;
    strategy: { type: string };
    selector: { matchLabels: Record<string, string> };
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
}

/** The manifests of a kustomization, as `kubectl kustomize` renders it. */
export class Manifests {
  private constructor(readonly all: readonly Manifest[]) {}

  static render(folder: string): Manifests {
    const { status, stdout } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
    const documents = status === 0 ? parseAllDocuments(stdout) : [];
    return new Manifests(documents.map((document) => document.toJS() as Manifest));
  }

  /** Whether it could be rendered: kubectl may be missing, or too old to know components. */
  get areThere(): boolean {
    return this.all.length > 0;
  }

  /** @throws Error where there is none of that kind, and of that name */
  find(kind: string, name?: string): Manifest {
    const found = this.all.find(
      (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
    );
    if (!found) throw new Error(`there is no ${kind}`);
    return found;
  }

  get deployment(): Deployment {
    return this.find('Deployment') as Deployment;
  }

  get pod(): PodSpec {
    return this.deployment.spec.template.spec;
  }

  get container(): Container {
    return this.pod.containers[0];
  }
}

/** The types of Kubernetes' own kinds; undefined where npm cannot be reached. */
export const kubernetesModels = npmPackage('kubernetes-models', '5.1.0');

const versionOf: Record<string, string> = {
  ConfigMap: 'v1',
  Service: 'v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
};

/** What Kubernetes would not take: fields that it does not know, and values of a wrong type. @throws Error for an unknown kind */
export function problemsOf(manifests: readonly Manifest[]): string[] {
  const folder = kubernetesModels ?? '';
  const source = manifests.map(({ kind, ...rest }, index) => {
    const version = versionOf[kind];
    if (version === undefined) throw new Error(`nobody says of which version ${kind} is`);
    // A literal that is declared to have the type may have no field that the type lacks: as strict as the API server's own check.
    return `import type { I${kind} as T${index} } from '${join(folder, version)}/${kind}.js';\nexport const m${index}: T${index} = ${JSON.stringify({ kind, ...rest })};`;
  });
  const file = join(folder, '..', 'manifests.ts');
  writeFileSync(file, source.join('\n'));
  const program = ts.createProgram([file], {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
