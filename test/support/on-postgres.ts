/** Whether this run of tests has its stores and services on PostgreSQL. */
export const ON_POSTGRES = process.env.TEST_STORE === 'postgres';
