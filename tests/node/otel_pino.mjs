// Logs by pino, through pino-opentelemetry-transport in its worker thread.
import pino from 'pino'

const [unique] = process.argv.slice(2)
process.env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT = `${process.env.POSTHOG_HOST}/i/v1/logs`
process.env.OTEL_EXPORTER_OTLP_LOGS_HEADERS = `Authorization=Bearer%20${process.env.POSTHOG_TOKEN}`
const transport = pino.transport({
  target: 'pino-opentelemetry-transport',
  options: { resourceAttributes: { 'service.name': unique }, loggerName: 'pino-test' },
})
const logger = pino(transport)
logger.error({ order: 7 }, 'no stock')
logger.info('started')
transport.on('close', () => console.log('{}'))
transport.end()
