// The least that a service on Express can be: the measure for ours.
import express from 'express';

const app = express();
app.get('/', (_, response) => {
  response.json({ status: 'ok' });
});
app.listen(Number(process.env.PORT));
