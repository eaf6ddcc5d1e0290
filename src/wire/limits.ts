/** The limits of what either side reads from the other. */

/** What a frame may hold, whatever its type: it is counted before it is parsed, since unknown ones are parsed too. */
export const FRAME_MAX = { depth: 64, values: 200_000 } as const

/** One ACS frame: room for ten task definitions of the greatest size that ECS registers (64 KiB each), and overrides. */
export const ACS_FRAME_BYTES_MAX = 4 * 1024 * 1024
/** One TCS frame, its signed headers included. Amazon's agent keeps the JSON below 1 MiB. */
export const TCS_FRAME_BYTES_MAX = 1024 * 1024 + 16 * 1024
/** The body of a refused handshake, and of an answer to an agent's call. */
export const REFUSAL_BYTES_MAX = 64 * 1024

/** Tasks in one payload or manifest. A host never runs that many. */
export const TASKS_MAX = 10_000
/** Containers in one task: ten by ECS's rule, more where the agent adds its own. */
export const CONTAINERS_MAX = 32
/** State changes in one frame of Berth's own. */
export const STATE_CHANGES_MAX = 50
/** Tasks in one frame of health that has just changed: agents say it task by task. */
export const HEALTH_TASKS_MAX = 100
/** Topics that a host may know. */
export const TOPICS_MAX = 64
/** Entries of one topic, as one host has it. */
export const TOPIC_ENTRIES_MAX = 10_000
/** Entries in one frame, changed or gone; and the characters of all of them, which keeps their values below `FRAME_MAX`. */
export const TOPIC_FRAME_MAX = { entries: 500, characters: 256 * 1024 } as const
/** One entry's content, as JSON. */
export const TOPIC_CONTENT_CHARACTERS_MAX = 128 * 1024
/** What a host knows entry by entry when it says hello, of all topics together: of the others it says a digest. */
export const HELLO_ENTRIES_MAX = 4_000
export const TOPIC_KEY_LENGTH_MAX = 256
export const TOPIC_REVISION_LENGTH_MAX = 64
/** Entries in one frame that says what became of them. */
export const TOPIC_STATES_MAX = 50
/** What a host observed of one entry, as JSON. */
export const TOPIC_OBSERVED_CHARACTERS_MAX = 4096
/** An ARN, a name, an id: the longest ARN has some 1600 characters. */
export const NAME_LENGTH_MAX = 4096
/** Members of any other list or map in a message. */
export const ITEMS_MAX = 4096

/** `reason` of a state change is cut here, as Amazon's agent does. */
export const REASON_LENGTH_MAX = 1024
/** `runtimeId` and `imageDigest` are cut here. */
export const RUNTIME_ID_LENGTH_MAX = 255
/** `bindIP` is cut here: no address is longer. */
export const BIND_IP_LENGTH_MAX = 45
/** Port ranges are cut here: `10000-65535`. */
export const PORT_RANGE_LENGTH_MAX = 11
/** Network bindings of one container in a state change. */
export const NETWORK_BINDINGS_MAX = 100
/** Tasks in one frame of metrics or of health. */
export const TCS_TASKS_MAX = 10
