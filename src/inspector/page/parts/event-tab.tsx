import type { JSX } from 'preact';
import type { JsonObject } from '../../../model/json.ts';
import { failureIn, type Recorded } from '../../model/records.ts';
import { stateText } from '../../model/steps.ts';
import { fragmentOf } from '../state/selection.ts';
import type { Session } from '../state/session.ts';
import { dateText } from '../state/text.ts';
import type { Detail, Ref } from '../worker/protocol.ts';
import { JsonTree } from './json.tsx';
import { MomentActions } from './moment-actions.tsx';
import { Fact, Part } from './part.tsx';
import { SpanView } from './span-view.tsx';

interface EventTabProps {
  readonly detail: Detail;
  readonly session: Session;
}

/** A record: what happened, what was asked for, and what was run. */
export function EventTab({ detail, session }: EventTabProps): JSX.Element {
  const { record } = detail;
  const { event, requests, spans = [], key, seq, time } = record;
  const failure = failureIn(record);
  const payload = withoutType(event);
  return (
    <>
      <h2 class="event-name">{event.type}</h2>
      {failure !== undefined && (
        <p class="fault">
          <b>{failure.code}</b> {failure.message}
        </p>
      )}
      <Facts detail={detail} session={session} />
      <MomentActions at={{ key, seq, time }} session={session} />
      <Part title="Payload" isEmpty={Object.keys(payload).length === 0}>
        <JsonTree value={payload} />
      </Part>
      <Part title="Asked for" isEmpty={requests.length === 0}>
        {requests.map(({ id, request }) => (
          <div class="request" key={id}>
            <h4>{request.type}</h4>
            <JsonTree value={withoutType(request)} depth={1} />
          </div>
        ))}
      </Part>
      <Part title="What was run and waited for" isEmpty={spans.length === 0}>
        {spans.map((span, index) => (
          <SpanView key={index} span={span} />
        ))}
      </Part>
    </>
  );
}

function Facts({ detail: { record, cause }, session }: EventTabProps): JSX.Element {
  const { key, seq, time, token, machine, value, correlation } = record;
  return (
    <dl class="facts">
      <Fact name="Actor">{key}</Fact>
      <Fact name="Record">{seq}</Fact>
      <Fact name="Time">{dateText(time)}</Fact>
      <Fact name="Then in">{stateText(value)}</Fact>
      <Fact name="Fencing token">{token}</Fact>
      <Fact name="Chart">{machine}</Fact>
      {cause !== null && (
        <Fact name="Answers">
          <RefLink refTo={cause} session={session} text={`what record ${cause.seq} asked for`} />
        </Fact>
      )}
      <Fact name="Command">
        <button
          class="plain"
          title="Show all that followed from the same command"
          onClick={() => session.select(followedFrom(record))}
        >
          {correlation}
        </button>
      </Fact>
    </dl>
  );
}

function followedFrom({ correlation }: Recorded) {
  return { view: 'log', query: `correlation:${correlation}`, focus: false } as const;
}

interface RefLinkProps {
  readonly refTo: Ref;
  readonly session: Session;
  readonly text: string;
}

function RefLink({ refTo, session, text }: RefLinkProps): JSX.Element {
  return (
    <a
      href={`#${fragmentOf({ ...session.selection.get(), at: refTo })}`}
      onClick={(event) => {
        event.preventDefault();
        session.select({ at: refTo });
      }}
    >
      {text}
    </a>
  );
}

function withoutType(message: object): JsonObject {
  const { type: _type, ...rest } = message as JsonObject;
  return rest;
}
