/** What really happens outside. The tests put others in their place. */
export async function sendMail(customer, text) {
  console.log(`to ${customer}: ${text}`);
}

export async function charge(customer, amount) {
  console.log(`${customer} pays ${amount}`);
  return amount;
}
