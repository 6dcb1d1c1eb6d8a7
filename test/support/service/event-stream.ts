import type { Service } from './service.js';

export interface ReceivedEvent {
  event: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events as a client would, until the service ends the stream. */
export async function* followEvents(service: Service, id: string): AsyncGenerator<ReceivedEvent> {
  const response = await service.fetch(`/deployments/${id}/events`);
  if (response.status !== 200 || !response.body) throw new Error(`events were answered ${response.status}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event = '', data = '{}'] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
      if (event) yield { event, data: JSON.parse(data) as Record<string, unknown> };
    }
  }
}

export async function allEvents(service: Service, id: string): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of followEvents(service, id)) events.push(event);
  return events;
}
