export interface Order {
  id: number;
  items?: { price: number }[];
}

export function totalOf(order: Order): number {
  // Throws where there are no items.
  return order.items!.reduce((sum, item) => sum + item.price, 0);
}
