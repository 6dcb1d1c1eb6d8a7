/** What only those pay for who use Redis: the one place that loads it, and it is loaded at run time. */
export { Queue, Worker } from 'bullmq';
export { Redis } from 'ioredis';
