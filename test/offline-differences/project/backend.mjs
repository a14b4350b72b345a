/** The integration: shows the event that it got, with headers that not every API passes on. */
export async function handler(event) {
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json", "WWW-Authenticate": "Bearer" },
    body: JSON.stringify(event),
  };
}

export async function connected() {
  return { statusCode: 200 };
}
