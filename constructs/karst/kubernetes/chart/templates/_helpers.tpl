{{/* Metadata of an object: takes a list of the root context and the object's values. */}}
{{- define "karst.metadata" -}}
{{- $root := index . 0 -}}
{{- $one := index . 1 -}}
name: {{ $one.name | quote }}
namespace: {{ $root.Release.Namespace | quote }}
labels:
  {{- range $key, $value := $root.Values.labels }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
{{- end }}
