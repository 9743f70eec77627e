select * from main.customer_lifecycle
