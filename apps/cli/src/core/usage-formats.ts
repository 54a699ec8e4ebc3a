import { formatBytes, formatDuration, type UsageElement } from '@tutti/model';
import type { Column } from './table.js';

export const usageColumns: Column<UsageElement>[] = [
  { header: 'NAMESPACE', value: ({ namespace }) => namespace },
  { header: 'APP', value: ({ app }) => app, optional: true },
  { header: 'SERVICE', value: ({ service }) => service, optional: true },
  { header: 'TASKS', value: ({ tasks }) => tasks, align: 'right' },
  { header: 'CONTAINER TIME', value: (usage) => formatDuration(usage.containerSeconds * 1000), align: 'right' },
  { header: 'CPU TIME', value: (usage) => formatDuration(usage.cpuSeconds * 1000), align: 'right' },
  { header: 'MEMORY·H', value: (usage) => formatBytes(usage.memoryByteSeconds / 3600), align: 'right' },
];

const CSV = [
  'namespace',
  'app',
  'service',
  'containerSeconds',
  'cpuSeconds',
  'memoryByteSeconds',
  'tasks',
  'from',
  'to',
] as const;

/** Lines of CSV (RFC 4180), with a header. */
export function usageCsv(usage: readonly UsageElement[]): string[] {
  return [CSV.join(','), ...usage.map((element) => CSV.map((name) => field(element[name])).join(','))];
}

/** What is measured, as FOCUS rows name it. */
const METERS: { sku: string; unit: string; what: string; quantity: (usage: UsageElement) => number }[] = [
  { sku: 'cpu', unit: 'vCPU-Hours', what: 'CPU time', quantity: (usage) => usage.cpuSeconds / 3600 },
  { sku: 'memory', unit: 'GiB-Hours', what: 'Memory', quantity: (usage) => usage.memoryByteSeconds / 3600 / 1024 ** 3 },
  { sku: 'container', unit: 'Hours', what: 'Container time', quantity: (usage) => usage.containerSeconds / 3600 },
];

/**
 * Lines of CSV in FOCUS 1.2 (https://focus.finops.org): one charge a meter and element. Costs are 0, because nothing
 * has a price yet; columns that would have to be invented are left empty.
 */
export function usageFocus(usage: readonly UsageElement[]): string[] {
  const rows = usage.flatMap((element) => METERS.map((meter) => focusRow(element, meter)));
  const header = Object.keys(rows[0] ?? focusRow(NOTHING, METERS[0] as (typeof METERS)[number]));
  return [header.join(','), ...rows.map((row) => header.map((name) => field(row[name])).join(','))];
}

const NOTHING: UsageElement = {
  namespace: '',
  containerSeconds: 0,
  cpuSeconds: 0,
  memoryByteSeconds: 0,
  tasks: 0,
  from: '1970-01-01T00:00:00.000Z',
  to: '1970-01-01T00:00:00.000Z',
};

function focusRow(usage: UsageElement, meter: (typeof METERS)[number]): Record<string, string | number | null> {
  const name = [usage.namespace, usage.app, usage.service].filter(Boolean).join('/');
  const quantity = meter.quantity(usage);
  return {
    BilledCost: 0,
    BillingAccountId: 'tutti',
    BillingAccountName: 'tutti',
    BillingCurrency: 'USD',
    ...billingPeriod(usage.from),
    ChargeCategory: 'Usage',
    ChargeClass: null,
    ChargeDescription: `${meter.what} of ${name}`,
    ChargeFrequency: 'Usage-Based',
    ChargePeriodEnd: usage.to,
    ChargePeriodStart: usage.from,
    ConsumedQuantity: quantity,
    ConsumedUnit: meter.unit,
    ContractedCost: 0,
    ContractedUnitPrice: 0,
    EffectiveCost: 0,
    InvoiceIssuerName: 'tutti',
    ListCost: 0,
    ListUnitPrice: 0,
    PricingCategory: 'Standard',
    PricingQuantity: quantity,
    PricingUnit: meter.unit,
    ProviderName: 'tutti',
    PublisherName: 'tutti',
    ResourceId: name,
    ResourceName: usage.service ?? usage.app ?? usage.namespace,
    ResourceType: usage.service ? 'Service' : usage.app ? 'Application' : 'Namespace',
    ServiceCategory: 'Compute',
    ServiceName: 'Tutti',
    ServiceSubcategory: 'Containers',
    SkuId: meter.sku,
    SkuMeter: meter.what,
    SkuPriceId: meter.sku,
    SubAccountId: usage.namespace,
    SubAccountName: usage.namespace,
    Tags: JSON.stringify({ ...(usage.app && { app: usage.app }), ...(usage.service && { service: usage.service }) }),
  };
}

/** The calendar month, in UTC, that a charge falls into. */
function billingPeriod(from: string): { BillingPeriodEnd: string; BillingPeriodStart: string } {
  const at = new Date(from);
  const month = (offset: number): string =>
    new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + offset, 1)).toISOString();
  return { BillingPeriodEnd: month(1), BillingPeriodStart: month(0) };
}

function field(value: string | number | null | undefined): string {
  const text = value == null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
