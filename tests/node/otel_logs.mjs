// Logs by OpenTelemetry's own exporters: `proto` or `http` (JSON), then what to say.
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as HttpExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'

const [kind, unique, compression] = process.argv.slice(2)
const complaints = []
const complain = (...words) => complaints.push(words.join(' '))
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN)

const Exporter = kind === 'proto' ? ProtoExporter : HttpExporter
const exporter = new Exporter({
  url: `${process.env.POSTHOG_HOST}/i/v1/logs`,
  headers: { Authorization: `Bearer ${process.env.POSTHOG_TOKEN}` },
  compression: compression ?? 'none',
})
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': unique }),
  processors: [new BatchLogRecordProcessor({ exporter })],
})
const logger = provider.getLogger('node-test', '2.0')
for (let n = 0; n < 5; n++) {
  logger.emit({
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    body: `line ${n}`,
    attributes: { n, nested: { a: [1, 'x'] }, ratio: 0.5, on: true },
  })
}
await provider.shutdown()
console.log(JSON.stringify({ complaints }))
